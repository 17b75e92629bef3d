"""What comes back from outside about a message: receipts, replies, bounces, pages of its links.

Each becomes DeliveryEvents, AddressEvents or an AlertCommand. If you send something to a provider,
or take alerts from a sender, you are in the wrong room: that is `sinks`, and `ingest`.
"""
