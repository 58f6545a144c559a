# RefSegRS, 4,420 triplets.
_base_ = './referring.py'
dataset = dict(type='RefSegRSDataset', data_root='data/refsegrs')
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
