"""The noise between the sizes of a pyramid."""

import pytest

from secondunit.models.helios.block_noise import block_noise


@pytest.mark.parametrize("gamma", [0.25, 1 / 3, 0.33333334])
def test_pixels_of_a_block_take_from_each_other_and_those_of_two_do_not(gamma):
    import torch

    generator = torch.Generator().manual_seed(1)
    noise = block_noise(gamma, 2, 4, 3, 64, 96, (1, 2, 2), torch.device("cpu"), generator)
    assert noise.shape == (2, 4, 3, 64, 96)
    blocks = noise.unfold(3, 2, 2).unfold(4, 2, 2).reshape(-1, 4)
    wanted = torch.eye(4) * (1 + gamma) - gamma
    assert (torch.cov(blocks.T) - wanted).abs().max() < 0.03
    beside = torch.stack([noise[..., 1:-1:2].flatten(), noise[..., 2::2].flatten()])
    assert abs(torch.corrcoef(beside)[0, 1]) < 0.03
    if gamma > 0.3:
        assert blocks.sum(1).abs().max() < 0.01
