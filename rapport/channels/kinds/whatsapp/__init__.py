"""WhatsApp, by the Cloud API of the WhatsApp Business Platform (https://developers.facebook.com/documentation/)."""
