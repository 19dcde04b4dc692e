using System.Text.Json;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Guests;

/// <summary>A whole Debian whose cloud-init takes Kiln for EC2. Minutes without KVM, so only where it is asked for.
/// </summary>
public sealed class CloudInitTests : IAsyncLifetime
{
    /// <summary>Set to 1, the image is built; or it names a raw disk.</summary>
    private const string Switch = "KILN_TEST_DEBIAN";

    private readonly KilnProcess _kiln = new() { Guests = "qemu" };

    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable(Switch) is null or "")
            Assert.Skip($"{Switch} is not set: 1 builds Debian's image and boots it, a path boots that disk.");
        TinyGuest.SkipWhereMissing("isolated");
        await _kiln.InitializeAsync();
    }

    public async ValueTask DisposeAsync() => await _kiln.DisposeAsync();

    [Fact]
    public async Task Cloud_init_finds_EC2_installs_the_key_sets_the_name_and_runs_user_data()
    {
        var key = await TinyGuest.NewKey(_kiln, "door");
        var guest = await TinyGuest.Launch(_kiln, await Register(), key,
            "--security-group-ids", await TinyGuest.OpenGroup(_kiln), "--user-data", "#!/bin/sh\nid -un >/run/said",
            "--metadata-options", "HttpTokens=required");
        guest.User = "debian";
        await guest.Shell("true");
        // SSH answers before the last stage has run.
        await TinyGuest.Until(async () =>
            (await guest.Ssh("test -s /run/said && test -e /var/lib/cloud/instance/boot-finished")).ExitCode == 0
                ? null : "cloud-init has not finished");
        var said = await guest.Shell("cloud-id; hostname; cat /run/said; ls /var/lib/cloud/instances");
        Assert.Equal(
            ["aws", guest.Instance.GetProperty("PrivateDnsName").GetString()!.Split('.')[0], "root", guest.Id],
            said.Trim().Split('\n'));
        await guest.Terminate();
    }

    private async Task<string> Register()
    {
        var disk = Environment.GetEnvironmentVariable(Switch)!;
        if (disk == "1")
        {
            disk = Path.Combine(_kiln.Folder, "debian.raw");
            var built = await Command.Run(
                KilnProcess.Program, ["image", "build", "debian", "--output", disk], limit: TimeSpan.FromMinutes(15));
            Assert.True(built.ExitCode == 0, built.Errors);
        }
        var uploaded = await _kiln.Kiln(["snapshot", "upload", disk]);
        Assert.True(uploaded.ExitCode == 0, uploaded.Errors);
        var mapping = JsonSerializer.Serialize(new[]
        {
            new { DeviceName = "/dev/xvda", Ebs = new { SnapshotId = uploaded.Output.Trim().Split('\n')[^1] } },
        });
        return (await _kiln.Aws().Json("ec2", "register-image", "--name", "debian", "--architecture", "x86_64",
            "--virtualization-type", "hvm", "--ena-support", "--root-device-name", "/dev/xvda",
            "--block-device-mappings", mapping)).GetProperty("ImageId").GetString()!;
    }
}
