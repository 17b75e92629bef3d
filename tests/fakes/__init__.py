"""Fakes: servers of others, as a provider runs them: they speak its protocol, do what a test
told them to, and remember what they got.

Never a stand-in for a part of ours. If a test could use the real thing, it is in the wrong room.
"""
