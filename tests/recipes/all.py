"""The systems that docs/recipes has a page for."""

from recipes import Recipe
from recipes.chatwoot import CHATWOOT
from recipes.espocrm import ESPOCRM
from recipes.saleor import SALEOR
from recipes.woocommerce import WOOCOMMERCE

RECIPES = (CHATWOOT, SALEOR, WOOCOMMERCE, ESPOCRM)


def names(recipe: Recipe) -> str:
    """A recipe in the name of a test."""
    return recipe.name
