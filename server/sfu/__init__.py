"""The media plane: forwards RTP between peers, never decoding it. Its door is `server.sfu.plane.Sfu`."""
