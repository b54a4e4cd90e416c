"""Reading structures: the official ones that are shipped, under those of the mappings folder.

Code lists are CSV (``id,parent,name_<language>,description_<language>``; any other column is an annotation of that
type, several values separated by ``;``), the rest is YAML. What partner and dataflow files say already (agencies, data
providers, provision agreements, categorisations, content constraints) is derived, never written twice. Messages under
``structures/<AGENCY>/imported/`` are read as they were received; a file of our own of the same identity wins. A reference may
mean the newest version that fits (`citizenstats.sdmx.late_bound`); what is loaded refers to the version that it means.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from citizenstats.errors import MappingError, StructureError
from citizenstats.sdmx.load.data_structures import data_structure
from citizenstats.sdmx.load.flows import agreements, categorisations, constraints, dataflow
from citizenstats.sdmx.load.item_schemes import item_schemes, organisations
from citizenstats.sdmx.model import Dataflow, DataStructure, ItemScheme, Reference, Structures

if TYPE_CHECKING:
    from citizenstats.contracts.model import AgencyFile, DataflowFile, PartnerFile
    from citizenstats.sdmx.registry.artefacts import Artefacts

OFFICIAL = Path(__file__).parents[1] / "official"
"""The official artefacts that travel with the library, one folder an agency."""


def load_structures(
    folder: Path,
    agency: AgencyFile,
    partners: Mapping[str, PartnerFile],
    dataflows: Mapping[str, DataflowFile],
) -> Structures:
    """Return all structures of a mappings folder over the official ones.

    Args:
        folder: the mappings folder; its ``structures/<AGENCY>/`` win over what is shipped.
        agency: the maintenance agency.
        partners: folder name → partner; they become data providers, and with the dataflows' feeds provision agreements.
        dataflows: ``AGENCY:ID`` → dataflow file.

    Raises:
        MappingError: a file is wrong or refers to what is not there, with file and line.
    """
    received = _imported(folder)
    schemes = dict(received.schemes)
    for root in (OFFICIAL, folder / "structures"):
        for place in sorted(p for p in root.glob("*") if p.is_dir()):
            schemes.update({s.reference: s for s in item_schemes(place)})
    of_organisations = organisations(agency, partners)
    schemes.update({s.reference: s for s in of_organisations})
    imported = _bound(received, schemes, {}, {})
    structures = dict(imported.data_structures)
    for root in (OFFICIAL, folder / "structures"):
        for path in sorted(root.glob("*/data_structures/*.yaml")):
            structure = data_structure(path, schemes)
            structures[structure.reference] = structure
    own = dict(dataflow(name, file, structures, folder) for name, file in dataflows.items())
    imported = _bound(imported, schemes, structures, own)
    others = {r: f for r, f in imported.dataflows.items() if r not in own and f.structure in structures}
    providers = of_organisations[1].reference
    return Structures(
        schemes,
        structures,
        {**others, **own},
        (
            *agreements(agency, partners, dataflows, providers),
            *(
                a
                for a in imported.agreements.values()
                if a.dataflow in others and a.provider_scheme in schemes
            ),
        ),
        (
            *categorisations(agency, dataflows, schemes, folder),
            *(
                c
                for c in imported.categorisations.values()
                if c.dataflow in others and c.category_scheme in schemes
            ),
        ),
        (
            *constraints(agency, dataflows),
            *(c for c in imported.constraints.values() if c.dataflow in others),
        ),
    )


def _bound(
    imported: Artefacts,
    schemes: Mapping[Reference, ItemScheme],
    structures: Mapping[Reference, DataStructure],
    dataflows: Mapping[Reference, Dataflow],
) -> Artefacts:
    """Return what was pulled, each reference to the newest version that fits bound to what there is."""
    from citizenstats.sdmx.registry.artefacts import Artefacts

    try:
        return imported.bound(Artefacts(dict(schemes), dict(structures), dict(dataflows)))
    except StructureError as error:
        raise MappingError(error.code, error.what, "structures/*/imported", error.mend) from None


def _imported(folder: Path) -> Artefacts:
    """Return what was pulled from registries and is kept as it was received; of two alike the later file counts."""
    from citizenstats.sdmx.registry.artefacts import Artefacts
    from citizenstats.sdmx.registry.message import read_structures

    found = Artefacts()
    for root in (OFFICIAL, folder / "structures"):
        for path in sorted(p for p in root.glob("*/imported/*") if p.suffix in (".xml", ".json")):
            try:
                read = read_structures(path.read_bytes())
            except StructureError as error:
                raise MappingError(
                    error.code, error.what, str(path), "pull it again, or take the file away"
                ) from None
            found.schemes |= read.schemes
            found.data_structures |= read.data_structures
            found.dataflows |= read.dataflows
            found.agreements |= read.agreements
            found.categorisations |= read.categorisations
            found.constraints |= read.constraints
    return found
