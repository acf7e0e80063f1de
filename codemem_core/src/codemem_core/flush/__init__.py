"""When and how waiting events are distilled."""
