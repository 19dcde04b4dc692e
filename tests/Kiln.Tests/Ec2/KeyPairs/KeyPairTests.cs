using System.Security.Cryptography;
using System.Text;
using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ec2.KeyPairs;

public sealed class KeyPairTests(TestServer server) : IClassFixture<TestServer>
{
    private const string Ed25519 =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me@here";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_private_half_is_handed_out_once_and_matches_the_public_one()
    {
        var ec2 = server.Ec2();

        var pair = (await ec2.CreateKeyPairAsync(new CreateKeyPairRequest { KeyName = "made" }, Cancel)).KeyPair;

        using var rsa = RSA.Create();
        rsa.ImportFromPem(pair.KeyMaterial);
        Assert.Equal(2048, rsa.KeySize);
        Assert.StartsWith("-----BEGIN RSA PRIVATE KEY-----", pair.KeyMaterial, StringComparison.Ordinal);
        Assert.Equal(Colons(Sha1(rsa.ExportPkcs8PrivateKey())), pair.KeyFingerprint);
        var shown = (await ec2.DescribeKeyPairsAsync(
            new DescribeKeyPairsRequest { KeyNames = ["made"], IncludePublicKey = true }, Cancel)).KeyPairs.Single();
        Assert.Equal(pair.KeyPairId, shown.KeyPairId);
        var imported = await ec2.ImportKeyPairAsync(new ImportKeyPairRequest
        {
            KeyName = "again", PublicKeyMaterial = Base64(shown.PublicKey),
        }, Cancel);
        Assert.Equal(Colons(Md5(rsa.ExportSubjectPublicKeyInfo())), imported.KeyFingerprint);
    }

    [Fact]
    public async Task An_ed25519_key_is_imported_and_not_made()
    {
        var ec2 = server.Ec2();

        var imported = await ec2.ImportKeyPairAsync(
            new ImportKeyPairRequest { KeyName = "ed", PublicKeyMaterial = Base64(Ed25519) }, Cancel);

        var blob = Convert.FromBase64String(Ed25519.Split(' ')[1]);
        Assert.Equal(Convert.ToBase64String(SHA256.HashData(blob)), imported.KeyFingerprint);
        var shown = (await ec2.DescribeKeyPairsAsync(new DescribeKeyPairsRequest
        {
            KeyPairIds = [imported.KeyPairId], IncludePublicKey = true,
        }, Cancel)).KeyPairs.Single();
        Assert.Equal(Ed25519, shown.PublicKey);
        Assert.Equal("ed25519", shown.KeyType.Value);
        await Refused("UnsupportedOperation", () => ec2.CreateKeyPairAsync(
            new CreateKeyPairRequest { KeyName = "ed2", KeyType = KeyType.Ed25519 }, Cancel));
    }

    [Fact]
    public async Task Deleting_twice_is_no_error_and_a_name_can_be_used_again()
    {
        var ec2 = server.Ec2();
        await ec2.CreateKeyPairAsync(new CreateKeyPairRequest { KeyName = "twice" }, Cancel);
        var duplicate = await Refused("InvalidKeyPair.Duplicate", () => ec2.CreateKeyPairAsync(
            new CreateKeyPairRequest { KeyName = "twice" }, Cancel));
        Assert.Equal("The keypair already exists: twice", duplicate);

        await ec2.DeleteKeyPairAsync(new DeleteKeyPairRequest { KeyName = "twice" }, Cancel);
        await ec2.DeleteKeyPairAsync(new DeleteKeyPairRequest { KeyName = "twice" }, Cancel);

        var gone = await Refused("InvalidKeyPair.NotFound", () => ec2.DescribeKeyPairsAsync(
            new DescribeKeyPairsRequest { KeyNames = ["twice"] }, Cancel));
        Assert.Equal("The key pair 'twice' does not exist", gone);
        await ec2.CreateKeyPairAsync(new CreateKeyPairRequest { KeyName = "twice" }, Cancel);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ssh-rsa")]
    [InlineData("ssh-rsa AAAA")]
    [InlineData("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAABAECAwQ=")]
    [InlineData("ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f")]
    [InlineData("ssh-rsa /////w==")]
    [InlineData("ssh-dss AAAAB3NzaC1kc3MAAAAA")]
    [InlineData("---- BEGIN SSH2 PUBLIC KEY ----")]
    [InlineData("not a key at all")]
    public async Task What_is_no_key_is_refused(string material)
    {
        var code = material.Length == 0 ? "MissingParameter" : "InvalidKey.Format";
        await Refused(code, () => server.Ec2().ImportKeyPairAsync(
            new ImportKeyPairRequest { KeyName = "bad", PublicKeyMaterial = Base64(material) }, Cancel));
    }

    [Fact]
    public async Task Another_account_and_region_have_keys_of_their_own()
    {
        await server.Ec2().CreateKeyPairAsync(new CreateKeyPairRequest { KeyName = "mine" }, Cancel);

        await Refused("InvalidKeyPair.NotFound", () => server.Ec2(TestServer.B).DescribeKeyPairsAsync(
            new DescribeKeyPairsRequest { KeyNames = ["mine"] }, Cancel));
        await Refused("InvalidKeyPair.NotFound", () => server.Ec2(region: "eu-west-1").DescribeKeyPairsAsync(
            new DescribeKeyPairsRequest { KeyNames = ["mine"] }, Cancel));
    }

#pragma warning disable CA5350, CA5351 // EC2 defines these fingerprints; nothing is protected by them.
    private static byte[] Sha1(byte[] bytes) => SHA1.HashData(bytes);

    private static byte[] Md5(byte[] bytes) => MD5.HashData(bytes);
#pragma warning restore CA5350, CA5351

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Colons(byte[] digest) => string.Join(':', digest.Select(b => b.ToString("x2", null)));

    private static async Task<string> Refused(string code, Func<Task> act)
    {
        var refusal = await Assert.ThrowsAsync<AmazonEC2Exception>(act);
        Assert.Equal(code, refusal.ErrorCode);
        return refusal.Message;
    }
}
