using Kiln.Draft;
using Kiln.Tests.Contract;

namespace Kiln.Tests.Draft;

/// <summary>Drafts follow the rule of the wire names.</summary>
public sealed class DrafterTests
{
    private static string Draft(string service, string operation, string file) =>
        new Drafter(Models.Of(service)).Draft(operation).Single(d => d.File == file).Text;

    [Theory]
    [InlineData("ec2", "CreateImage", "CreateImage.cs", "public required string InstanceId { get; init; }")]
    [InlineData("ec2", "CreateImage", "CreateImage.cs", "[Length(3, 128)] public required string Name { get; init; }")]
    [InlineData("ec2", "CreateImage", "CreateImage.cs",
        "[Wire(\"BlockDeviceMapping\")] public IReadOnlyList<BlockDeviceMapping> BlockDeviceMappings")]
    [InlineData("ec2", "CreateImage", "CreateImage.cs", "public bool DryRun { get; init; }")]
    [InlineData("ec2", "DescribeImages", "DescribeImages.cs",
        "[Wire(\"imagesSet\")] public IReadOnlyList<Image> Images { get; init; } = [];")]
    [InlineData("ec2", "DescribeImages", "ArchitectureValues.cs", "[EnumMember(Value = \"x86_64\")] X8664,")]
    [InlineData("ec2", "DescribeImages", "ArchitectureValues.cs", "    Arm64,")]
    [InlineData("ebs", "PutSnapshotBlock", "PutSnapshotBlock.cs",
        "[Rest(\"PUT\", \"/snapshots/{snapshotId}/blocks/{blockIndex}\", 201)]")]
    [InlineData("ebs", "PutSnapshotBlock", "PutSnapshotBlock.cs",
        "[Payload] public required ReadOnlyMemory<byte> BlockData { get; init; }")]
    [InlineData("ebs", "PutSnapshotBlock", "PutSnapshotBlock.cs",
        "[Header(\"x-amz-Progress\"), Range(0, 100)] public int? Progress { get; init; }")]
    [InlineData("kms", "CreateKey", "CreateKey.cs", "public KeySpec? KeySpec { get; init; }")]
    [InlineData("imagebuilder", "CreateComponent", "CreateComponent.cs",
        "public required string SemanticVersion { get; init; }")]
    public void Spells_members_by_the_rule(string service, string operation, string file, string line) =>
        Assert.Contains(line, Draft(service, operation, file), StringComparison.Ordinal);

    [Fact]
    public void A_list_of_both_directions_spells_both_names() => Assert.Contains(
        "[Wire(\"Groups\", Response = \"groups\")] public IReadOnlyList<UserIdGroupPair> UserIdGroupPairs",
        Draft("ec2", "DescribeSecurityGroups", "IpPermission.cs"), StringComparison.Ordinal);

    [Fact]
    public void An_operation_known_by_name_only_is_refused()
    {
        var drafter = new Drafter(Models.Of("ec2"));
        Assert.Throws<KeyNotFoundException>(() => drafter.Draft("AcceptVpcPeeringConnection").ToList());
        Assert.Throws<KeyNotFoundException>(() => drafter.Draft("MakeCoffee").ToList());
    }

    [Theory]
    [InlineData("no-delete", "NoDelete")]
    [InlineData("SYMMETRIC_DEFAULT", "SymmetricDefault")]
    [InlineData("x86_64", "X8664")]
    [InlineData("2.0", "N20")]
    [InlineData("gp3", "Gp3")]
    public void Enum_values_become_names(string value, string name) => Assert.Equal(name, Wording.EnumMember(value));

    [Theory]
    [InlineData("[a-z\\_]+", "[a-z_]+")]
    [InlineData("[\\p{all}]*", null)]
    [InlineData("[\\u0020-\\uD7FF\\u10000-\\u10FFFF]+", null)]
    [InlineData("^arn:\\d{12}$", "^arn:\\d{12}$")]
    public void Patterns_of_other_engines_are_not_taken_as_they_are(string pattern, string? ours) =>
        Assert.Equal(ours, Wording.Pattern(pattern));
}
