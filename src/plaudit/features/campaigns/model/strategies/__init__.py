"""Strategies: what counted facts are worth. One file each, behind `base.Worker`."""
