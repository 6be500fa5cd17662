"""Notifications: viewers are told what matters to them, and host platforms what happened.

Messages in the app, by e-mail, webhook, SMS and push, in the viewer's language and time zone; reminders of
shows and of balances that are due; webhooks by the rules of Standard Webhooks, for facts and messages.
Refuses: a text with unknown variables or loose braces, an address that is none, a webhook that is no public
https, a password in the clear, a delivery that is not dead to be tried again. Accounts: none; nothing here is
of value. Facts: `contact.saved`, `template.saved`, `webhook.saved`, `webhook.disabled`, `mail.server.saved`,
`delivery.revived`.
"""
