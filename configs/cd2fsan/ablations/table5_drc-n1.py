# Table 5: 1 base kernel in each rotating convolution.
_base_ = '../cd2fsan_vitb_rrsisd.py'
model = dict(decode_head=dict(num_bases=1))
