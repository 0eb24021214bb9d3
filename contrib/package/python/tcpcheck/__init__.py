"""What drives the program tcpcheck from Python: tcpcheck.spark."""
