using Kiln.Blocks.Devices;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>What firmware looks for on a disk: the mark at the end of its first sector, in BIOS as well as in UEFI,
/// whose partition tables have a sector of the old kind before them.</summary>
internal static class BootSector
{
    private const int Bytes = 512;

    /// <summary>Whether a disk has one. One that cannot be read may.</summary>
    public static bool IsOn(IDevice device)
    {
        var sector = new byte[Bytes];
        try
        {
            device.Read(0, sector);
        }
        catch (IOException)
        {
            return true;
        }
        return sector is [.., 0x55, 0xAA];
    }
}
