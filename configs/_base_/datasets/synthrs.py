# SynthRS, written by tools/dataset_converters/synthrs.py. One loader process beside the training on two cores.
_base_ = './referring.py'
loader = dict(num_workers=1, dataset=dict(type='SynthRSDataset', data_root='data/synthrs'))
train_dataloader = loader
val_dataloader = loader
test_dataloader = loader
