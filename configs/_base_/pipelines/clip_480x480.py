# Copyright (c) mmrrsis contributors.
# 480x480 without augmentation, 22 tokens (CD2FSAN, section 4.1).
image_size = (480, 480)  # width, height
tokenizer = dict(type='CLIPTokenizer', max_tokens=22)

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadReferringMask'),
    dict(type='Resize', scale=image_size, keep_ratio=False),
    dict(type='ChooseExpression'),
    dict(type='TokenizeExpression', tokenizer=tokenizer),
    dict(type='PackReferringInputs'),
]
# The mask comes after Resize and keeps its own size; the metric brings both to one.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=image_size, keep_ratio=False),
    dict(type='LoadReferringMask'),
    dict(type='ChooseExpression'),
    dict(type='TokenizeExpression', tokenizer=tokenizer),
    dict(type='PackReferringInputs'),
]
