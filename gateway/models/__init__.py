"""Who answers: model providers, chosen by a setting."""
