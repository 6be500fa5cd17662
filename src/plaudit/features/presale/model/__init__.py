"""Pure values and rules of presale: shows, offers, prices, orders, what goes back."""
