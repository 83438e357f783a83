"""The programme's week: series worked out into sessions, the rules of a schedule gathered, calendars handed out."""
