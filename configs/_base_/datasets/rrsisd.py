# RRSIS-D, 17,402 triplets.
_base_ = './referring.py'
dataset = dict(type='RRSISDDataset', data_root='data/rrsisd')
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
