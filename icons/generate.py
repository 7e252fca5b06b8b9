"""Makes every icon file in this folder from amberglass.svg. See README.md."""

import io
import pathlib
import subprocess

from PIL import Image

HERE = pathlib.Path(__file__).parent
SOURCE = HERE / "amberglass.svg"


def picture(side):
    """The icon drawn at this size, not scaled down from a larger one."""
    command = ["rsvg-convert", "--width", str(side), "--height", str(side), str(SOURCE)]
    png = subprocess.run(command, check=True, capture_output=True).stdout
    return Image.open(io.BytesIO(png)).convert("RGBA")


def main():
    sizes = {f"{side}x{side}.png": side for side in (16, 24, 32, 48, 64, 128, 512)}
    sizes |= {"128x128@2x.png": 256, "icon.png": 512, "tray.png": 32}
    for name, side in sizes.items():
        picture(side).save(HERE / name, optimize=True)

    ico = [16, 24, 32, 48, 64, 256]
    largest, *others = [picture(side) for side in reversed(ico)]
    largest.save(HERE / "icon.ico", sizes=[(side, side) for side in ico], append_images=others)

    icns = [16, 32, 64, 128, 256, 512, 1024]
    largest, *others = [picture(side) for side in reversed(icns)]
    largest.save(HERE / "icon.icns", append_images=others)


if __name__ == "__main__":
    main()
