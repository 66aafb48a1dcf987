"""The tools that are served unless ``GATEWAY_TOOLS`` names others."""

from strands.types.tools import AgentTool

from tools.calculator import calculator
from tools.clock import current_time
from tools.dates import add_to_date, day_of_week, days_between
from tools.notebook import add_note, delete_note, list_notes, search_notes
from tools.units import convert_units

TOOLS: tuple[AgentTool, ...] = (
    calculator,
    current_time,
    convert_units,
    days_between,
    add_to_date,
    day_of_week,
    add_note,
    list_notes,
    search_notes,
    delete_note,
)
