using Kiln.Protocol.Errors;
using Kiln.Service.Ec2.Encryption;

namespace Kiln.Tests.Ec2.Encryption;

public sealed class KeyChoiceTests
{
    private const KeySource Empty = KeySource.Empty, Clear = KeySource.Clear, Own = KeySource.Own,
        Shared = KeySource.Shared;

    // Amazon EBS User Guide, "Encryption outcomes": source, Encrypted, KmsKeyId, outcome with by-default off and on.
    public static TheoryData<KeySource, bool?, bool, KeyPick, KeyPick> Volumes => new()
    {
        { Empty, null, false, KeyPick.None, KeyPick.Default },
        { Empty, false, false, KeyPick.None, KeyPick.Default },
        { Empty, true, false, KeyPick.Default, KeyPick.Default },
        { Empty, true, true, KeyPick.Named, KeyPick.Named },
        { Clear, null, false, KeyPick.None, KeyPick.Default },
        { Clear, true, false, KeyPick.Default, KeyPick.Default },
        { Clear, true, true, KeyPick.Named, KeyPick.Named },
        { Own, null, false, KeyPick.Source, KeyPick.Source },
        { Own, false, false, KeyPick.Source, KeyPick.Source },
        { Own, true, false, KeyPick.Source, KeyPick.Source },
        { Own, true, true, KeyPick.Named, KeyPick.Named },
        { Shared, null, false, KeyPick.Default, KeyPick.Default },
        { Shared, true, false, KeyPick.Default, KeyPick.Default },
        { Shared, true, true, KeyPick.Named, KeyPick.Named },
    };

    // Source, same Region, Encrypted, KmsKeyId, a usable replica, outcome with by-default off and on.
    public static TheoryData<KeySource, bool, bool?, bool, bool, KeyPick, KeyPick> Copies => new()
    {
        { Clear, true, null, false, false, KeyPick.None, KeyPick.Default },
        { Clear, false, null, false, false, KeyPick.None, KeyPick.Default },
        { Clear, false, false, false, false, KeyPick.None, KeyPick.Default },
        { Clear, true, true, false, false, KeyPick.Default, KeyPick.Default },
        { Clear, false, true, false, false, KeyPick.Default, KeyPick.Default },
        { Clear, true, true, true, false, KeyPick.Named, KeyPick.Named },
        { Own, true, null, false, false, KeyPick.Source, KeyPick.Source },
        { Own, true, true, false, false, KeyPick.Source, KeyPick.Source },
        { Own, true, true, true, false, KeyPick.Named, KeyPick.Named },
        { Own, false, null, false, false, KeyPick.Default, KeyPick.Default },
        { Own, false, true, false, false, KeyPick.Default, KeyPick.Default },
        { Own, false, null, false, true, KeyPick.Replica, KeyPick.Replica },
        { Own, false, true, false, true, KeyPick.Replica, KeyPick.Replica },
        { Own, false, true, true, true, KeyPick.Named, KeyPick.Named },
        { Shared, true, null, false, false, KeyPick.Default, KeyPick.Default },
        { Shared, false, null, false, false, KeyPick.Default, KeyPick.Default },
        { Shared, false, null, false, true, KeyPick.Default, KeyPick.Default },
        { Shared, true, true, false, false, KeyPick.Default, KeyPick.Default },
        { Shared, true, true, true, false, KeyPick.Named, KeyPick.Named },
    };

    [Theory, MemberData(nameof(Volumes))]
    public void Volumes_follow_the_table(KeySource source, bool? encrypted, bool named, KeyPick off, KeyPick on)
    {
        Assert.Equal(off, KeyChoice.ForVolume(source, encrypted, named, byDefault: false));
        Assert.Equal(on, KeyChoice.ForVolume(source, encrypted, named, byDefault: true));
    }

    [Theory, MemberData(nameof(Copies))]
    public void Copies_follow_the_table(
        KeySource source, bool sameRegion, bool? encrypted, bool named, bool replica, KeyPick off, KeyPick on)
    {
        Assert.Equal(off, KeyChoice.ForSnapshotCopy(source, sameRegion, encrypted, named, false, replica));
        Assert.Equal(on, KeyChoice.ForSnapshotCopy(source, sameRegion, encrypted, named, true, replica));
        Assert.Equal(off, KeyChoice.ForImageCopy(source, sameRegion, encrypted, named, false, replica));
        Assert.Equal(on, KeyChoice.ForImageCopy(source, sameRegion, encrypted, named, true, replica));
    }

    [Fact]
    public void A_key_needs_Encrypted()
    {
        foreach (var source in new[] { Empty, Clear, Own, Shared })
        {
            foreach (var encrypted in new bool?[] { null, false })
            {
                var volume = Assert.Throws<AwsException>(
                    () => KeyChoice.ForVolume(source, encrypted, named: true, byDefault: true));
                Assert.Equal("InvalidParameterDependency", volume.Code);
                var copy = Assert.Throws<AwsException>(
                    () => KeyChoice.ForImageCopy(source, true, encrypted, named: true, true, replica: false));
                Assert.Equal("InvalidParameterDependency", copy.Code);
            }
        }
    }

    [Fact]
    public void Encryption_is_never_taken_away()
    {
        foreach (var source in new[] { Own, Shared })
        {
            var refusal = Assert.Throws<AwsException>(
                () => KeyChoice.ForSnapshotCopy(source, true, encrypted: false, false, false, false));
            Assert.Equal("InvalidRequest", refusal.Code);
        }
    }
}
