"""Pure media arithmetic: no sockets, no tasks, no clock. Time is an argument, in microseconds."""
