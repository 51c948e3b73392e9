"""Trivium side by side with other libraries; ``make bench`` runs it all."""
