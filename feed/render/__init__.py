"""What is stored → what is sent: an update to its <li>, changes to an envelope. Knows no reader and no request."""
