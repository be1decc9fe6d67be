"""The step as a Beam transform, for pipelines in other languages as well."""

import json
import logging
from collections.abc import Iterable, Iterator
from typing import get_type_hints

import apache_beam as beam
from apache_beam.coders import RowCoder
from apache_beam.portability.api import external_transforms_pb2
from apache_beam.typehints.schemas import named_fields_to_schema

from threadloom.cluster.files.lease import Superseded
from threadloom.cluster.files.left_out import NothingLeft, count
from threadloom.cluster.files.sources import Source
from threadloom.cluster.settings import Settings

Payload = external_transforms_pb2.ExternalConfigurationPayload

# The third part must be "python", because Beam finds the payload's decoder by it.
URN = "beam:transforms:python:threadloom_cluster:v1"

_FIELDS = get_type_hints(Settings)
_LOG = logging.getLogger(__name__)


class ClusterFn(beam.DoFn):
    """Clusters one group per element and gives its summary, as JSON."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings, the same for all groups."""
        super().__init__()
        self._settings = settings

    def process(self, element: tuple[str, Iterable[bytes]]) -> Iterator[tuple[str, bytes]]:
        """Cluster the files that the group's jobs name.

        An error of `step.cluster_files` becomes a summary of `group` and `error`. If it were
        raised, the user would get a page of Beam's internals, and the other groups would end. If
        all files were left out, the summary has `files_left_out`, too.
        """
        # Not at the top, because scikit-learn would add a second to the server's start.
        from threadloom.cluster.step import cluster_files

        group, jobs = element
        # A list takes little memory, because jobs hold paths and never vectors.
        try:
            sources = [Source.from_job(json.loads(job)) for job in jobs]
            summary = cluster_files(sources, self._settings, group)
        except NothingLeft as error:
            _LOG.warning("%s: %s", group, error)
            left_out = count(error.left_out)
            summary = {"group": group, "error": str(error), "files_left_out": left_out}
        except (OSError, ValueError, Superseded) as error:
            summary = {"group": group, "error": str(error)}
        yield group, json.dumps(summary).encode()


@beam.PTransform.register_urn(URN, Payload)
class ClusterChains(beam.PTransform):
    """KV<group, job> to KV<group, summary>, both of str and bytes that hold a JSON object.

    A job has `subreddit`, `input` (the path of a chains file) and `output` (its embeddings file);
    the summary is that of `step.cluster_files`, or `group` and `error`. The payload is a row with
    the fields of `settings.Settings`: strings, and int64 for numbers.
    """

    def __init__(self, settings: Settings) -> None:
        """Take the settings, the same for all groups."""
        super().__init__()
        self._settings = settings

    def expand(self, jobs: beam.PCollection) -> beam.PCollection:
        """Bring the jobs of a group together, and cluster them."""
        # Go needs to know the types, to find the coders kv<string_utf8, bytes>.
        cluster = beam.ParDo(ClusterFn(self._settings)).with_output_types(tuple[str, bytes])
        return jobs | "Group" >> beam.GroupByKey() | "Cluster" >> cluster

    def to_runner_api_parameter(self, unused_context: object) -> tuple[str, Payload]:
        """Return the transform as Beam's model represents it."""
        schema = named_fields_to_schema(_FIELDS)
        payload = RowCoder(schema).encode(beam.Row(**vars(self._settings)))
        return URN, Payload(schema=schema, payload=payload)

    @staticmethod
    def from_runner_api_parameter(
        unused_transform: object,
        payload: Payload,
        unused_context: object,
    ) -> "ClusterChains":
        """Make the transform from its payload; ValueError for missing or wrong settings."""
        row = RowCoder(payload.schema).decode(payload.payload)
        missing = [name for name in _FIELDS if not hasattr(row, name)]
        if missing:
            raise ValueError(f"the payload of {URN} lacks {', '.join(missing)}")
        settings = Settings(**{name: getattr(row, name) for name in _FIELDS})
        _LOG.debug("settings: %s", settings)
        return ClusterChains(settings)
