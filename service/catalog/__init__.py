"""What every model is: plain frozen data that every other part derives from."""
