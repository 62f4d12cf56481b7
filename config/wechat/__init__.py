"""WeChat: the only package that knows wechatpy and wechatpayv3; everything else asks `ready`."""
