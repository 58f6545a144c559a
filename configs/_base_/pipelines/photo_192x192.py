# Photographs at 192x192 with BERT's words, 24 tokens, and augmentation that keeps every sentence true.
image_size = (192, 192)  # width, height
tokenizer = dict(type='BERTTokenizer', name_or_path='package:bert_uncased_vocab.txt', max_tokens=24)
text_steps = [
    dict(type='TokenizeExpression', tokenizer=tokenizer),
    dict(type='PackReferringInputs'),
]

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadReferringMask'),
    dict(type='Resize', scale=image_size, keep_ratio=False),
    dict(type='mmseg.PhotoMetricDistortion', brightness_delta=24, contrast_range=(0.7, 1.3)),
    dict(type='ChooseExpression'),
    dict(type='RandomTurn', mirror=0.5, rotate=0.5, angles=(180,)),
    *text_steps,
]
# The mask comes after Resize and keeps its own size; the metric brings both to one.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=image_size, keep_ratio=False),
    dict(type='LoadReferringMask'),
    dict(type='ChooseExpression'),
    *text_steps,
]
