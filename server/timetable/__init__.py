"""The pages of the schedule made ready: what they show, and what their forms change."""
