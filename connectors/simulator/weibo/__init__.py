"""Weibo's open platform (api.weibo.com and its sister hosts), as documented and as observed."""
