"""Where identity meets libraries that speak the protocols of others."""
