# 512x512 without augmentation, 20 tokens, the key phrase marked (BTDNet, sections III-C and IV-B).
image_size = (512, 512)  # width, height
tokenizer = dict(type='BERTTokenizer', name_or_path='bert-base-uncased', max_tokens=20)
text_steps = [
    dict(type='ChooseExpression'),
    dict(type='MaskKeyPhrase'),
    dict(type='TokenizeExpression', tokenizer=tokenizer),
    dict(type='PackReferringInputs'),
]

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadReferringMask'),
    dict(type='Resize', scale=image_size, keep_ratio=False),
    *text_steps,
]
# The mask comes after Resize and keeps its own size; the metric brings both to one.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=image_size, keep_ratio=False),
    dict(type='LoadReferringMask'),
    *text_steps,
]
