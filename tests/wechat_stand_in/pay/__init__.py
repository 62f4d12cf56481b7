"""api.mch.weixin.qq.com: every request checked on its raw bytes, every answer signed."""
