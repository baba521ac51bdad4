"""Content checks: pure, given text. See services.check_content()."""
