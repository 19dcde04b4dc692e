using Amazon.KeyManagementService.Model;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ec2.Storage;

public sealed class VolumeEncryptionTests(TestServer server) : IClassFixture<TestServer>
{
    private const int MiB = 1 << 20;

    private static readonly byte[] Text = "a sentence of the guest that must not be found on the disk "u8.ToArray();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Local_files_of_an_encrypted_volume_hold_no_plain_bytes()
    {
        var ec2 = server.Ec2();
        var source = await ec2.NewVolume();
        await Disk.Write(server, source, 0, Sentences(MiB));
        var clear = await ec2.NewSnapshot(source);
        var key = (await server.Kms().CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata.Arn;
        var volume = await ec2.NewVolume(
            snapshotId: clear.SnapshotId, more: r => (r.Encrypted, r.KmsKeyId) = (true, key));
        await Disk.Write(server, volume, MiB, Sentences(MiB));
        await Disk.Write(server, volume, 4096 + 512, Disk.Bytes(1, 1024));
        await ec2.NewSnapshot(volume);
        await Disk.Write(server, volume, 2 * MiB, Sentences(MiB));
        var sum = await Disk.Sha256(server, volume);

        await server.StopAsync();
        Assert.True(HoldsText(source));
        Assert.False(HoldsText(volume));
        await server.StartAsync();

        Assert.Equal(sum, await Disk.Sha256(server, volume));
        Assert.Equal(Sentences(MiB), await Disk.Read(server, volume, 2 * MiB, MiB));
    }

    private static byte[] Sentences(int count)
    {
        var bytes = new byte[count];
        for (var at = 0; at + Text.Length <= count; at += 512)
            Text.CopyTo(bytes, at);
        return bytes;
    }

    // Everything was written within the first 4 MiB; what follows in the sparse files are holes.
    private bool HoldsText(string volumeId)
    {
        var folder = Path.Combine(server.DataFolder, "us-east-1", "volumes", volumeId);
        var found = false;
        foreach (var path in Directory.EnumerateFiles(folder))
        {
            using var file = File.OpenRead(path);
            var head = new byte[4 * MiB];
            var read = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            found |= head.AsSpan(0, read).IndexOf(Text.AsSpan(0, 16)) >= 0;
        }
        return found;
    }
}
