# The pipelines of bert_512x512.py at the size of the tiny models, with the small vocabulary that ships with mmrrsis.
_base_ = './bert_512x512.py'
image_size = (128, 128)  # width, height
tokenizer = dict(type='BERTTokenizer', name_or_path='package:wordpiece_small.txt', max_tokens=20)
changes = dict(Resize=dict(scale=image_size), TokenizeExpression=dict(tokenizer=tokenizer))

train_pipeline = [dict(step, **changes.get(step['type'], {})) for step in _base_.train_pipeline]
test_pipeline = [dict(step, **changes.get(step['type'], {})) for step in _base_.test_pipeline]
