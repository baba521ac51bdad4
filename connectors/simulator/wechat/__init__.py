"""WeChat's official-account API (api.weixin.qq.com), as documented and as observed."""
