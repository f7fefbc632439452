class KafkaError(Exception):
    errno: int
    retriable: bool

class TopicAlreadyExistsError(KafkaError): ...
