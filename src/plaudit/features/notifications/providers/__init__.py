"""The ways out: webhooks over HTTP, mail over SMTP, and what stands in for SMS and push."""
