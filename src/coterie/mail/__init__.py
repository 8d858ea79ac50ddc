"""Mail: letters to people, from the event that asks for one to the SMTP host. It knows no service."""
