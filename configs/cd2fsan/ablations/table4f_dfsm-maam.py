# Table 4f: DFSM and MAAM, decoded by plain convolutions.
_base_ = '../cd2fsan_vitb_rrsisd.py'
model = dict(decode_head=dict(type='PlainConvDecoder'))
