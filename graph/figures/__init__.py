"""Figures of the whole system, read seldom however many look at them."""
