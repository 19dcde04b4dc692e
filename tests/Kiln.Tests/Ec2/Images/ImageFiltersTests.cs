using System.Globalization;
using Amazon.EC2;
using Amazon.EC2.Model;
using CsCheck;
using Kiln.Service.Calls;
using Kiln.Tests.Fixtures;
using static Kiln.Tests.Ec2.Images.Requests;
using Filter = Amazon.EC2.Model.Filter;

namespace Kiln.Tests.Ec2.Images;

/// <summary>Random filters over a fixed set of images find what a reading of the images in memory finds.</summary>
public sealed class ImageFiltersTests(TestServer server) : IClassFixture<TestServer>
{
    private readonly AmazonEC2Client _ec2 = server.Ec2();

    /// <summary>What each filter reads, as API Reference DescribeImages says it.</summary>
    private static readonly Dictionary<string, Func<Image, IEnumerable<string?>>> Model = new()
    {
        ["architecture"] = i => [i.Architecture.Value],
        ["block-device-mapping.delete-on-termination"] = Ebs(e => Flag(e.DeleteOnTermination)),
        ["block-device-mapping.device-name"] = i => i.BlockDeviceMappings.Select(m => m.DeviceName),
        ["block-device-mapping.snapshot-id"] = Ebs(e => e.SnapshotId),
        ["block-device-mapping.volume-size"] = Ebs(e => Number(e.VolumeSize)),
        ["block-device-mapping.volume-type"] = Ebs(e => e.VolumeType?.Value),
        ["block-device-mapping.encrypted"] = Ebs(e => Flag(e.Encrypted)),
        ["creation-date"] = i => [i.CreationDate],
        ["description"] = i => [i.Description ?? ""],
        ["ena-support"] = i => [Flag(i.EnaSupport)],
        ["free-tier-eligible"] = _ => ["false"],
        ["hypervisor"] = i => [i.Hypervisor.Value],
        ["image-allowed"] = _ => ["true"],
        ["image-id"] = i => [i.ImageId],
        ["image-type"] = i => [i.ImageType.Value],
        ["is-public"] = i => [Flag(i.Public)],
        ["kernel-id"] = i => [i.KernelId],
        ["manifest-location"] = i => [i.ImageLocation],
        ["name"] = i => [i.Name],
        ["owner-alias"] = i => [i.ImageOwnerAlias],
        ["owner-id"] = i => [i.OwnerId],
        ["platform"] = i => [i.Platform?.Value],
        ["product-code"] = i => (i.ProductCodes ?? []).Select(c => c.ProductCodeId),
        ["product-code.type"] = i => (i.ProductCodes ?? []).Select(c => c.ProductCodeType.Value),
        ["ramdisk-id"] = i => [i.RamdiskId],
        ["root-device-name"] = i => [i.RootDeviceName],
        ["root-device-type"] = i => [i.RootDeviceType.Value],
        ["source-image-id"] = i => [i.SourceImageId],
        ["source-image-region"] = i => [i.SourceImageRegion],
        ["source-instance-id"] = i => [i.SourceInstanceId],
        ["state"] = i => [i.State.Value],
        ["state-reason-code"] = i => [i.StateReason?.Code],
        ["state-reason-message"] = i => [i.StateReason?.Message],
        ["sriov-net-support"] = i => [i.SriovNetSupport],
        ["tag:team"] = i => (i.Tags ?? []).Where(t => t.Key == "team").Select(t => t.Value),
        ["tag-key"] = i => (i.Tags ?? []).Select(t => t.Key),
        ["virtualization-type"] = i => [i.VirtualizationType.Value],
    };

    private static Func<Image, IEnumerable<string?>> Ebs(Func<EbsBlockDevice, string?> text) =>
        image => image.BlockDeviceMappings.Where(m => m.Ebs is not null).Select(m => text(m.Ebs));

    private static string Flag(bool? value) => value == true ? "true" : "false";

    private static string? Number(int? value) => value?.ToString(CultureInfo.InvariantCulture);

    private async Task<List<Image>> Make()
    {
        for (var n = 0; n < 12; n++)
        {
            var request = Registration($"image-{n} [v{n % 3}]", await server.Snapshot(1 + n % 4,
                productCodes: n == 5 ? ["code5"] : null, kmsKeyId: n % 5 == 1 ? await server.Key() : null));
            request.Architecture = n % 2 == 0 ? ArchitectureValues.Arm64 : ArchitectureValues.X86_64;
            request.Description = n % 4 == 0 ? null : $"100%_sure {n}";
            request.EnaSupport = n % 3 == 0 ? true : null;
            request.SriovNetSupport = n == 7 ? "simple" : null;
            if (n == 9)
            {
                (request.VirtualizationType, request.EnaSupport) = (VirtualizationType.Paravirtual, null);
                (request.KernelId, request.RamdiskId) = ("aki-12345678", "ari-12345678");
            }
            request.BlockDeviceMappings.Add(
                new BlockDeviceMapping { DeviceName = $"/dev/sd{(char)('f' + n % 3)}",
                    Ebs = new() { VolumeSize = 5 + n } });
            var id = (await _ec2.RegisterImageAsync(request, Cancel)).ImageId;
            if (n % 3 != 2)
                await _ec2.CreateTagsAsync(
                    new CreateTagsRequest([id], [new Tag("team", $"t{n % 2}"), new Tag($"k{n}", "")]), Cancel);
        }
        return await _ec2.Images(new() { Owners = ["self"] });
    }

    [Fact]
    public async Task Random_filters_find_what_the_model_finds()
    {
        var all = await Make();
        Assert.Equal(12, all.Count);
        var gen = Gen.OneOfConst([.. Model.Keys]).SelectMany(name =>
        {
            string[] texts = [.. all.SelectMany(Model[name]).OfType<string>().Where(t => t.Length > 0)
                .Append("no such").Distinct()];
            var value = Gen.OneOfConst(texts).SelectMany(text => Gen.OneOf(
                Gen.Const(text), Gen.Const(text.Length > 2 ? text[..2] + "*" : "*"), Gen.Const("?*" + text[^1]),
                Gen.Const(text.Replace("[", "\\[", StringComparison.Ordinal)), Gen.Const(text.ToUpperInvariant())));
            return value.List[1, 3].Select(values => (Name: name, Values: values));
        }).List[1, 3];

        await gen.SampleAsync(async filters =>
        {
            var expected = all.Where(image => filters.All(f => Model[f.Name](image).OfType<string>().Any(text =>
                f.Values.Any(value => IsExact(f.Name) ? value == text : Wildcard.Matches(value, text)))));
            var found = await _ec2.Images(new()
            {
                Owners = ["self"], Filters = [.. filters.Select(f => new Filter(f.Name, [.. f.Values]))],
            });
            return expected.Select(i => i.ImageId).Order().SequenceEqual(found.Select(i => i.ImageId).Order());
        }, iter: 150, threads: 1);
    }

    /// <summary>The truth value that the database decides; it knows no patterns.</summary>
    private static bool IsExact(string name) => name == "is-public";

    [Fact]
    public async Task Refuses_filters_that_do_not_exist()
    {
        async Task<(string, string)> Bad(string name, params string[] values) => await Refusal(
            () => _ec2.Images(new() { Filters = [new Filter(name, [.. values])] }));

        Assert.Equal(("InvalidParameterValue", "The filter 'colour' is invalid"), await Bad("colour", "red"));
        Assert.Equal(("InvalidParameterValue", "The filter 'Name' is invalid"), await Bad("Name", "x"));
        await Refused("InvalidUserID.Malformed", () => _ec2.Images(new() { Owners = ["me"] }));
        await Refused("InvalidUserID.Malformed", () => _ec2.Images(new() { ExecutableUsers = ["me"] }));
        Assert.Equal(("InvalidAMIID.NotFound", "The image ids '[ami-abcd1234, ami-1234abcd]' do not exist"),
            await Refusal(() => _ec2.Images(new() { ImageIds = ["ami-abcd1234", "ami-1234abcd"] })));
        Assert.Equal(("InvalidAMIID.Malformed", "Invalid id: \"not_an_ami_id\" (expecting \"ami-...\")"),
            await Refusal(() => _ec2.Images(new() { ImageIds = ["not_an_ami_id"] })));
        // What a script sends whose variable is empty: no listing of everything.
        Assert.Equal(("InvalidAMIID.Malformed", "Invalid id: \"\" (expecting \"ami-...\")"),
            await Refusal(() => _ec2.Images(new() { ImageIds = [""] })));
        Assert.Empty(await _ec2.Images(new() { Owners = ["amazon", "aws-marketplace", "aws-backup-vault"] }));
    }

    [Fact]
    public async Task Pages_list_every_image_once()
    {
        var ec2 = server.Ec2(TestServer.C);
        var snapshot = await server.Snapshot(account: TestServer.C);
        var made = new List<string>();
        for (var n = 0; n < 23; n++)
            made.Add(await ec2.Register($"page {n}", snapshot));
        var seen = new List<string>();
        string? token = null;
        do
        {
            var page = await ec2.DescribeImagesAsync(
                new DescribeImagesRequest { MaxResults = 5, NextToken = token,
                    Filters = [new("architecture", ["x86*"])] }, Cancel);
            seen.AddRange(page.Images.Select(i => i.ImageId));
            token = page.NextToken;
        }
        while (token is not null);
        Assert.Equal(made.Order(), seen);
    }
}
