"""Batches of events as columns, filters over them, subscriptions, capture files."""
