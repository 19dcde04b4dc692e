using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.KeyPairs;

/// <summary>Makes a key pair and hands out its private half, once.</summary>
[Operation("ec2:CreateKeyPair")]
public sealed class CreateKeyPair(Db db, TimeProvider clock) : IOperation<CreateKeyPair.Request, CreateKeyPair.Response>
{
    /// <summary>What EC2 makes.</summary>
    private const int KeyBits = 2048;

    public sealed record Request
    {
        [MaxLength(255)] public required string KeyName { get; init; }
        public string? KeyType { get; init; }
        public string? KeyFormat { get; init; }
        [Wire("TagSpecification")] public IReadOnlyList<TagSpecification> TagSpecifications { get; init; } = [];
        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        string KeyPairId, string KeyName, string KeyFingerprint, string KeyMaterial,
        [property: Wire("tagSet")] IReadOnlyList<Tag> Tags);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        if (request.KeyType == "ed25519")
            throw Ec2Error.UnsupportedOperation(
                "Kiln makes RSA keys only. Make an ed25519 key with ssh-keygen and use ImportKeyPair.");
        if (request.KeyType is not (null or "rsa"))
            throw Ec2Error.InvalidParameterValue(request.KeyType, "keyType", "Use rsa.");
        if (request.KeyFormat == "ppk")
            throw Ec2Error.UnsupportedOperation("Kiln hands out PEM only. puttygen converts it to PPK.");
        if (request.KeyFormat is not (null or "pem"))
            throw Ec2Error.InvalidParameterValue(request.KeyFormat, "keyFormat", "Use pem.");
        var tags = Tagging.Read(call, request.TagSpecifications, KeyPairItem.Type);
        await call.Authorize(KeyPairItem.Arn(call, request.KeyName));
        await NewKeyName.Check(db, call, request.KeyName, cancel);
        using var rsa = RSA.Create(KeyBits);
        var key = PublicKey.OfNew(rsa);
        var row = NewKeyName.Row(call, request.KeyName, key, clock.GetUtcNow());
        db.Add(row);
        tags.AddTo(db, KeyPairItem.Type, row.Id, call.AccountId, call.Region);
        await db.SaveChangesAsync(cancel);
        return new Response(
            row.Id, row.Name, row.Fingerprint, rsa.ExportRSAPrivateKeyPem(), tags.For(KeyPairItem.Type));
    }
}
