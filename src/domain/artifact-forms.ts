// The form of each artifact that a model may draft, in words for the model: what the checks then look at.

export const ARTIFACT_FORMS = {
  fill: 'a fill: {"order_id": text, "fills": [{"worker_id": text, "name": text, "reason": text}], "backups": [the same]}. One row a worker; take ids and names only from the workers that you are given',
  email:
    'a message to a worker: {"worker_id": text, "order_id": text, "channel": "email" or "sms", "purpose": "offer", "confirm", "reminder", "cancel" or "blast", "to": address, "subject": text, "body": text}. The body says who writes, the day, the hours with their time zone, the city, the pay, and how to reply',
  playbook:
    'a playbook: {"query_text": text, "answer_id": text, "answer_corpus": text, "role": text, "score": number from 0 to 1, "outcome": {"event_id": text}}',
} as const;
