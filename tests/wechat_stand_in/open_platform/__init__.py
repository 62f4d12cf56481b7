"""api.weixin.qq.com: tokens, log-in and phone numbers."""
