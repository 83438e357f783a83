"""The media plane: forwards RTP between peers, never decoding it."""
