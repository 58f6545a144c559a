# RISBench, 52,472 triplets.
_base_ = './referring.py'
dataset = dict(type='RISBenchDataset', data_root='data/risbench')
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
