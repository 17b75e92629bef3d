"""SMS: the channel `sms`, text messages by Twilio.

Numbers, words and Twilio's codes; nothing here waits or tries again.
"""
